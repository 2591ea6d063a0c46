"""What every door needs to stay safe: which requests a server answers. Who may do what is decided by governance, above the stores."""
