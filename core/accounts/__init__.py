"""Who buys and who works here: shoppers of a site with their addresses, staff of the installation with their roles."""
