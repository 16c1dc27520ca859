"""Real processes in bad weather: what `storm.py` is made of.

schedule.py   what a seed decides: mode, disks, weather, faults and their moments
network.py    the relay, a process of its own: loss, repetition, delay, replay, damage, cuts
fleet.py      the nodes: started, killed, stopped, paused, and started again
disks.py      their data directories: full disks, torn tails
faults.py     carries a schedule out, and ends all of it
packing.py    as much of MessagePack as clients need, without a package
clients.py    auctioneers and bidders, which write down what they saw
lots.py       auctions and who plays them, in a thread
checker.py    pure functions: what a history must be
logs.py       the nodes' log files, compared with each other
trial.py      one seed: a storm, its end, and what is demanded then
tally.py      what many seeds were together
shrink.py     the least of a storm that still fails
"""
