//! The prototype: NaN, infinity and −5 are accepted, and infinity wins.

use agora::auction::refusal::Code;
use agora::client::message::Action;

use crate::cluster::Cluster;
use crate::house::{House, Plan, amount, done, refused};

#[tokio::test]
async fn what_is_no_amount_is_refused_and_leaves_no_trace() {
    let cluster = Cluster::of_size(3).await;
    let house = House::open(&cluster, &Plan::of(1, 2)).await;
    let thousand_digits = "9".repeat(1_000);
    let thousand_places = format!("10.{}1", "0".repeat(900));
    let no_amounts = [
        "NaN",
        "nan",
        "inf",
        "-inf",
        "Infinity",
        "∞",
        "-5",
        "+5",
        "-0",
        "1e3",
        "1E400",
        "",
        " ",
        ".",
        ".5",
        "10.",
        "0x10",
        "10,50",
        "1_000",
        " 10",
        "10 ",
        "10\0",
        "١٠",
        "10.1234567",
        "1234567890123456",
        &thousand_digits,
        &thousand_places,
    ];
    for written in no_amounts {
        assert_eq!(refused(&house.bidders[0], house.bidding(written)).await, Code::BadAmount, "{written:?}");
    }
    assert_eq!(refused(&house.bidders[0], house.bidding("0.999999")).await, Code::BelowMinimum);
    assert_eq!(refused(&house.bidders[0], house.bidding("0")).await, Code::BelowMinimum);
    let view = house.show().await;
    assert_eq!((view.bids, view.standings), (vec![], vec![]));
}

#[tokio::test]
async fn totals_are_exact_and_one_too_large_to_write_is_refused() {
    let cluster = Cluster::of_size(1).await;
    let mut house = House::open(&cluster, &Plan::of(3, 2)).await;
    // In binary floating point the three make 0.6000000000000001 and more; and the largest amount loses its last places.
    let most = "999999999999999.999999";
    for (round, (first, second)) in [("1.1", "1"), ("1.2", most)].into_iter().enumerate() {
        let round = u32::try_from(round + 1).expect("small");
        if second == most {
            assert_eq!(refused(&house.bidders[1], house.bidding(most)).await, Code::BadAmount, "with the 1 before");
            house.bid(1, round, "999999999999998.999999").await;
        } else {
            house.bid(1, round, second).await;
        }
        house.bid(0, round, first).await;
    }
    house.bid(0, 3, "1.3").await;
    done(&house.bidders[1], Action::Bid { auction: house.auction, round: None, amount: None }).await;
    house.verify().await;
    let totals: Vec<_> = house.show().await.standings.into_iter().map(|line| line.total).collect();
    assert_eq!(totals, [Some(amount(most)), Some(amount("3.6"))]);
}
