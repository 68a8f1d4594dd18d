"""Pictures: of networks, of what they compute, and of what was found out about them."""
