//! `watch`: the events of one auction until it ends, or of all until ctrl-c.

use agora::client::event::What;
use agora::client::{Events, Leaders};
use agora::id::AuctionId;

use crate::events::{self, Names};
use crate::failure::Failure;
use crate::session::{self, Session};

/// Which auction.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The auction's UUID [default: all that are not finished]
    #[arg(value_name = "AUCTION", value_parser = super::auction)]
    auction: Option<AuctionId>,
}

/// Runs it.
pub(crate) async fn run(args: Args, session: &Session) -> Result<(), Failure> {
    let leaders = session.client.leaders().await;
    session::leader(&session.client, session.patience(), session.printer).await?;
    let stream = match args.auction {
        Some(auction) => {
            session.find(auction, session.patience()).await?;
            session.follow(auction).await
        }
        None => session.client.follow_all().await,
    };
    follow(session, stream, leaders, args.auction.is_some()).await
}

async fn follow(session: &Session, mut stream: Events, mut leaders: Leaders, one: bool) -> Result<(), Failure> {
    loop {
        tokio::select! {
            biased;
            Some(leader) = leaders.next() => events::print_leader(session.printer, leader)?,
            event = stream.next() => {
                let Some(event) = event else { return Ok(()) };
                let event = event?;
                let print = if one { events::print } else { events::print_among };
                print(session.printer, &event, &Names::new())?;
                match event.what {
                    What::Ended { .. } if one => return Ok(()),
                    What::Cancelled { reason } if one => return Err(Failure::cancelled(reason)),
                    _ => {}
                }
            }
        }
    }
}
