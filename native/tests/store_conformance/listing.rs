//! Pages of clients.

use mqtt_presence::store::{Keep, Selection};
use mqtt_presence_core::event::Kind::{Connect, Tcpclean};
use mqtt_presence_core::presence::{Options, Status};

use crate::fleet::{NOW, batch, event};
use crate::{Bench, Open};

async fn page(bench: &Bench, selection: &Selection) -> Vec<String> {
    let page = bench.store.list(selection, NOW).await.unwrap();
    page.into_iter().map(|(id, _)| id).collect()
}

/// All pages of a selection, one after another.
async fn pages(bench: &Bench, mut selection: Selection) -> Vec<String> {
    let mut all = Vec::new();
    loop {
        let page = page(bench, &selection).await;
        assert!(page.len() <= selection.limit);
        let Some(last) = page.last() else { return all };
        selection.after = Some(last.clone());
        all.extend(page);
    }
}

fn prefix(prefix: &str) -> Selection {
    Selection {
        prefix: prefix.to_owned(),
        limit: 2,
        ..Selection::default()
    }
}

pub async fn prefixes_are_bytes(open: Open) {
    let bench = open(Options::default(), Keep::default());
    let mut ids = vec![
        "%",
        "%a",
        "_",
        "_a",
        "a",
        "A",
        "a%b",
        "a_b",
        "axb",
        "a\0",
        "a\0b",
        "ä",
        "äb",
        "z",
        "\u{10ffff}",
        "\u{10ffff}x",
        "\u{ffff}",
        "日本",
        "日本語",
        "a'b",
        "a\"b",
        "a*b",
        "a\\b",
    ];
    let connects = ids.iter().map(|id| event(id, "c", Connect, NOW));
    bench.commit(batch(NOW, connects)).await;
    ids.sort_unstable();
    for wanted in [
        "",
        "%",
        "_",
        "a",
        "A",
        "a%",
        "a_",
        "a\0",
        "ä",
        "日",
        "日本語",
        "\u{10ffff}",
        "b",
        "a'",
        "a*",
        "a\\",
    ] {
        let expected: Vec<_> = ids.iter().filter(|id| id.starts_with(wanted)).collect();
        let listed = pages(&bench, prefix(wanted)).await;
        assert_eq!(listed.iter().collect::<Vec<_>>(), expected, "{wanted:?}");
    }
    // A cursor before or beyond the prefix.
    let mut selection = prefix("a");
    selection.after = Some("A".to_owned());
    assert_eq!(page(&bench, &selection).await, ["a", "a\0"]);
    selection.after = Some("z".to_owned());
    assert_eq!(page(&bench, &selection).await, [""; 0]);
    selection.after = None;
    selection.limit = 0;
    assert_eq!(page(&bench, &selection).await, [""; 0]);
}

pub async fn pages_are_stable_under_writes(open: Open) {
    let bench = open(Options::default(), Keep::default());
    let id = |n: u64| format!("GID_x@@@{n:05}");
    let even = (0..1000).map(|n| event(&id(2 * n), "c", Connect, NOW));
    bench.commit(batch(NOW, even)).await;
    let mut selection = Selection {
        limit: 100,
        ..prefix("GID_x@@@")
    };
    let mut listed = Vec::new();
    for round in 0.. {
        let page = page(&bench, &selection).await;
        let Some(last) = page.last().cloned() else {
            break;
        };
        selection.after = Some(last);
        listed.extend(page);
        // Clients come before and behind the cursor, others change.
        let come = (0..10).map(|n| event(&id(2 * (97 * round + n) % 2000 + 1), "d", Connect, NOW));
        bench.commit(batch(NOW, come)).await;
        let go = (0..10).map(|n| event(&id(2 * (31 * round + n) % 2000), "c", Tcpclean, NOW + 1));
        bench.commit(batch(NOW, go)).await;
    }
    assert!(listed.windows(2).all(|pair| pair[0] < pair[1]));
    // Whoever was there all the time is listed once.
    let even = listed.iter().filter(|id| id.as_bytes()[12] % 2 == 0);
    assert_eq!(even.count(), 1000);
}

pub async fn lists_by_status(open: Open) {
    let options = Options {
        lease: Some(1000),
        ..Options::default()
    };
    let bench = open(options, Keep::default());
    let id = |n: u64| format!("{n:04}");
    let connects = (0..1500).map(|n| event(&id(n), "c", Connect, NOW - 2000 * (n % 3 / 2)));
    bench.commit(batch(NOW, connects)).await;
    let ends = (0..500).map(|n| event(&id(3 * n), "c", Tcpclean, NOW));
    bench.commit(batch(NOW, ends)).await;
    for (status, rest) in [
        (Status::Offline, Some(0)),
        (Status::Online, Some(1)),
        (Status::Suspect, Some(2)),
        (Status::Unknown, None),
    ] {
        let selection = Selection {
            status: Some(status),
            limit: 70,
            ..Selection::default()
        };
        let listed = pages(&bench, selection).await;
        let expected = (0..1500).filter(|n| Some(n % 3) == rest).map(id);
        assert_eq!(listed, expected.collect::<Vec<_>>(), "{status:?}");
    }
}
