"""Resident ID cards and their relatives behind a SAM module (GA/T 467-2019): the four kinds, over serial or USB.

The card itself talks to nobody but a licensed SAM, so this folder speaks with the module: ``frames``, ``commands``,
``session`` (what is said in which order) and ``text`` (the 256-byte block) are sans-IO; ``lines`` and ``driver`` hold
the wire; ``reader`` is the front door; ``virtual`` and ``simulator`` are the other end. Fingerprints are not asked for,
and where a module sends them they are dropped with the frame.
"""
