"""What single options of the kernel's command line do to a board."""
