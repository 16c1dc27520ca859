//! Who looks, in the end, at all that there is.

use super::Asker;
use crate::schedule::MILLI;

pub(super) async fn look(asker: &Asker) {
    while !asker.run.lock().board.look {
        asker.pause(20 * MILLI, 20 * MILLI).await;
    }
    let listing = asker.client.list(None, None).await.expect("without a deadline, an answer");
    for summary in listing.auctions {
        let shown = asker.client.show(summary.auction, None).await.expect("an answer");
        asker.run.lock().oracle.shown(summary.auction, shown);
    }
    asker.run.lock().board.looked = true;
}
