"""Many clients on one campaign while its servers are killed: the proof of "no vote lost, exactly k".

`clients` act and try again whatever happens, `ledger` keeps what they were told, `kills` is what
happens to the servers meanwhile, and `accounts` compares the ledger with the database.
"""
