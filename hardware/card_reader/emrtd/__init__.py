"""Passports, permits and identity cards with a chip after ICAO Doc 9303 (eMRTD)."""
