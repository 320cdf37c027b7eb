"""The core: residents, services, time. Knows no Kivy and no wires; devices only by their front doors."""
