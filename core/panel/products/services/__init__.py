"""What the panel reads of products, and what it makes of its forms."""
