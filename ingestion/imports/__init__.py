"""Option chains from files that users bought or saved: `manage.py import_chain`.

files     -> which layout a file has, and its rows by snapshot (`quote_table` for calls and puts side by side)
columns   -> what each column holds, by its usual names or as the user says
contracts -> rows to checked columns, each rejected row counted by its reason
units     -> the file's greeks in the warehouse's units, where its own can be told
slot      -> one snapshot computed and stored, by the ways of the live chain
series    -> the IV percentile and the market regime of each imported session, oldest first
"""
