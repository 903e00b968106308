"""What only the panel asks of pages."""
