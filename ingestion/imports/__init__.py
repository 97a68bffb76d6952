"""Import of option chains from files that users bought or saved: `manage.py import_chain`.

files       reads a file and splits its rows into snapshots
quote_table converts tables with calls and puts side by side to one row per contract
columns     recognises columns by their usual names, or as the user names them
cells       converts text to numbers and dates
contracts   converts rows to checked columns and counts rejected rows by reason
units       converts the file's greeks to the units of the warehouse
slot        computes and stores one snapshot with the functions of the live chain
series      computes the IV percentile and market regime of each imported session, oldest first
importing   runs the whole import
report      prints the result
"""
