"""What is owed, issuing, reading, and drawing."""
