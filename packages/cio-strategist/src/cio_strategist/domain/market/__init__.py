"""What is known of the live market: from messages and answers to what gates are told. Knows no clock and no connection.

Messages of the fleet and answers of the exchange become observations, or a reason why they are not believed; a
`MarketBoard` keeps the newest of each listed symbol.
"""
