//! Places and dead letters of sinks.

use rusqlite::{Connection, OptionalExtension};

use super::fault::Fault;
use super::read::{View, signed, unsigned};
use super::writer::Writer;
use crate::store::{DeadLetter, SinkState};

/// What the writer is asked to do for a sink.
pub(super) enum Work {
    Open { start: u64 },
    Move { to: u64, dead: Vec<DeadLetter> },
    Drop { ids: Vec<u64> },
}

impl Writer {
    pub fn sink(&mut self, sink: &str, work: &Work) -> Result<(), Fault> {
        let transaction = self.begin()?;
        match work {
            Work::Open { start } => {
                transaction.execute(
                    "INSERT OR IGNORE INTO sink (name, place) VALUES (?1, ?2)",
                    (sink, signed(*start)),
                )?;
            }
            Work::Move { to, dead } => go(&transaction, sink, *to, dead)?,
            Work::Drop { ids } => {
                let mut delete = transaction
                    .prepare_cached("DELETE FROM dead_letter WHERE sink = ?1 AND id = ?2")?;
                for id in ids {
                    delete.execute((sink, signed(*id)))?;
                }
            }
        }
        Ok(transaction.commit()?)
    }
}

fn go(connection: &Connection, sink: &str, to: u64, dead: &[DeadLetter]) -> Result<(), Fault> {
    let moved = connection
        .prepare_cached("UPDATE sink SET place = ?2 WHERE name = ?1 AND place < ?2")?
        .execute((sink, signed(to)))?;
    if moved == 0 {
        return Ok(());
    }
    let mut insert = connection.prepare_cached(
        "INSERT OR REPLACE INTO dead_letter (sink, id, letter) VALUES (?1, ?2, ?3)",
    )?;
    for letter in dead {
        let text = serde_json::to_string(letter)
            .map_err(|error| Fault::Row(format!("a dead letter cannot be written ({error})")))?;
        insert.execute((sink, signed(letter.numbered.id), text))?;
    }
    Ok(())
}

impl View<'_> {
    pub fn sink(&self, sink: &str) -> Result<Option<SinkState>, Fault> {
        let mut select = self.connection.prepare_cached(
            "SELECT place, (SELECT count(*) FROM dead_letter WHERE dead_letter.sink = name) \
             FROM sink WHERE name = ?1",
        )?;
        let state = select.query_row([sink], |row| {
            Ok(SinkState {
                place: unsigned(row, 0)?,
                holder: None,
                dead: unsigned(row, 1)?,
            })
        });
        Ok(state.optional()?)
    }

    pub fn dead_letters(
        &self,
        sink: &str,
        after: u64,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, Fault> {
        let mut select = self.connection.prepare_cached(
            "SELECT id, letter FROM dead_letter WHERE sink = ?1 AND id > ?2 ORDER BY id LIMIT ?3",
        )?;
        let mut rows = select.query((sink, signed(after), signed(limit as u64)))?;
        let mut letters = Vec::new();
        while let Some(row) = rows.next()? {
            let text: String = row.get(1)?;
            let letter = serde_json::from_str(&text).map_err(|error| {
                let id = row.get::<_, i64>(0).unwrap_or_default();
                Fault::Row(format!(
                    "dead letter {id} of sink `{sink}` cannot be read ({error})"
                ))
            })?;
            letters.push(letter);
        }
        Ok(letters)
    }
}
