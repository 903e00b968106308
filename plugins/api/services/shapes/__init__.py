"""What is answered: only the fields declared here ever leave the shop. A module for each tag of the reference."""
