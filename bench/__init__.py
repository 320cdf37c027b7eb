"""A whole simulated site on this computer, and the page that operates it.

The bench is the world around the booth: cards, faces, paper, ears, the community platform's moods. It holds the other
ends of the booth's wires (each driver's ``simulator``) and never touches the booth from inside. The product imports
nothing from here.
"""
