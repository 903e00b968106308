"""What the panel's forms may say."""
