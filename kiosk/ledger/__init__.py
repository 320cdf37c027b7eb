"""What must survive a power cut: one SQLite file with one owner. Holds numbers, states, times, digests and sealed
bodies that this machine cannot open; refuses to know a resident, a device and a wire.
"""
