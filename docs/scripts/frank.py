"""A bidder for a script: reads an event a line, writes a bid a line. Frank bids one above the minimum in every round."""

import json
import sys
from decimal import Decimal

bid = None
for line in sys.stdin:
    event = json.loads(line)
    if event["event"] == "hello":
        bid = Decimal(event["auction"]["min-bid"]) + 1
    elif event["event"] == "round-started":
        print(json.dumps({"round": event["round"], "bid": str(bid)}), flush=True)
