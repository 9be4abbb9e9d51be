"""
Access to the engine, to its containers' services and to the machine that grades. Probes use only `protocol`.
"""
