"""Device trees: from a blob's bytes to memory, processors and limits of DMA."""
