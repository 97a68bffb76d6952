"""Schedules as operators edit them: tasks with their arguments, times, results, and running one now."""
