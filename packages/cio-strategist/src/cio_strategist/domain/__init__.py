"""Pure rules of policy, market, portfolio and the audit chain: what is known goes in, what follows comes out."""
