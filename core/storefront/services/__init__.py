"""What pages need beyond what the floors below say: words, links and choices. Pure functions of shapes; nothing is stored here."""
