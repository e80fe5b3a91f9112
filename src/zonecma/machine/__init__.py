"""What memory there is: zones, CMA areas, CPUs, page size."""
