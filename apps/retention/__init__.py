"""The retention page: customers as a galaxy, who is at risk and why, down to one customer."""
