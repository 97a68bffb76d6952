"""Outcomes priced with an option in place of the underlying, from stored snapshots and bars of contracts.

`exit_minute` finds the minute of an exit within its bar, `stored` reads what is stored of contracts, `contract` chooses
one, `fills` prices it at an instant, `outcomes` puts these together, and `report` summarises them.
"""
