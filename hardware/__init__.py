"""One folder per kind of device. Knows wires, not people: no resident, no service, no screen is named below here."""
