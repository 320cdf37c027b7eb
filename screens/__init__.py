"""What residents see: one module and one layout per question, drawn with Kivy. Knows questions, never a device."""
