"""What pages need beyond what the floors below say.

Words, links and choices. Pure functions of shapes; nothing is stored here.
"""
