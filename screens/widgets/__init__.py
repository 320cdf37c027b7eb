"""The pieces every screen is made of. They know colours and millimetres, no question and no answer."""
