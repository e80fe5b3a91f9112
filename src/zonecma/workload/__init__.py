"""What is asked, and when: one table of requests, whatever it came from."""
