"""The faults that a boot can leave, looked for one by one."""
