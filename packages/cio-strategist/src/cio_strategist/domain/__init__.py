"""Pure rules of policy and control: what is stored goes in, what is to be written comes out."""
