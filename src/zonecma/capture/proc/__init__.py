"""/proc/zoneinfo, buddyinfo and pagetypeinfo, as 4.7, 6.1 and 6.12 print them."""
