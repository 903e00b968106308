"""EasyPost: labels of some hundred carriers through one interface."""
