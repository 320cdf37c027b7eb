"""The technician's room: set-up, typefaces, sounds, prepared speech."""
