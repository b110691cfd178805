//! Records in the state's database. Every operation is one transaction of less than a millisecond; none is open
//! while a call is made.

use rusqlite::{Connection, OptionalExtension as _, params};
use serde::Deserialize;

use super::clock::{Clock, Reading};
use super::machine::{Admission, Command, Go, Outcome};
use super::record::{Millis, Record, SCHEMA, State as BreakerState};
use super::settings::Settings;
use crate::core::metrics::Changes;
use crate::core::name::Name;
use crate::core::state::{State, StateError};
use crate::core::{clock, process};

/// A breaker as it is after an operation.
#[derive(Debug)]
pub struct Seen {
    pub record: Record,
    /// The breaker's time.
    pub now: Millis,
    /// Whether the record that was there could not be read, and was set aside.
    pub was_damaged: bool,
}

impl Seen {
    /// A breaker that nothing was called under yet.
    pub fn fresh() -> Self {
        let reading = reading();
        seen(Record::new(Clock::new(&reading)), &reading)
    }
}

/// A breaker, or why it cannot be read.
pub type Listed = (Name, Result<Seen, StateError>);

/// The breakers of a state's database.
#[derive(Debug)]
pub struct Breakers<'s> {
    state: &'s State,
}

impl<'s> Breakers<'s> {
    pub fn of(state: &'s State) -> Self {
        Self { state }
    }

    /// Asks for leave to call. A closed breaker is only read.
    pub fn admit(&self, name: &Name, settings: &Settings) -> Result<(Admission, Seen), StateError> {
        let reading = reading();
        if let Found::Record(record) = self.find(self.state.connection(), name)? {
            let mut seen = seen(*record, &reading);
            if matches!(seen.record.state, BreakerState::Closed | BreakerState::Disabled) {
                let holder = process::Process::default();
                let now = seen.now;
                let admission = seen.record.admit(settings, now, &holder, |_| false, 0.0);
                return Ok((admission, seen));
            }
        }
        self.change(name, &Changes::default(), |record, now| {
            record.admit(settings, now, process::this(), process::is_dead, fastrand::f64())
        })
    }

    /// Gives leave back, with how the call ended and what is counted of it.
    pub fn settle(
        &self,
        name: &Name,
        settings: &Settings,
        go: Go,
        outcome: Outcome,
        counted: &Changes,
    ) -> Result<Seen, StateError> {
        let settle = |record: &mut Record, now| {
            record.settle(settings, go, outcome, now, fastrand::f64());
        };
        self.change(name, counted, settle).map(|((), seen)| seen)
    }

    /// What a person asks for. `by` says who and why.
    pub fn command(&self, name: &Name, command: Command, by: &str) -> Result<Seen, StateError> {
        let command = |record: &mut Record, now| record.command(command, by.to_owned(), now);
        self.change(name, &Changes::default(), command).map(|((), seen)| seen)
    }

    /// Every breaker there is, by name. Nothing is changed.
    pub fn all(&self) -> Result<Vec<Listed>, StateError> {
        let error = |e| self.state.error(e);
        let mut names = self
            .state
            .connection()
            .prepare_cached("SELECT name FROM breakers ORDER BY name")
            .map_err(error)?;
        let names = names.query_map([], |row| row.get::<_, String>(0)).map_err(error)?;
        let mut all = Vec::new();
        for name in names {
            let name = Name::stored(name.map_err(error)?);
            let found = self.find(self.state.connection(), &name);
            let seen = found.map(|found| match found {
                Found::Record(record) => seen(*record, &reading()),
                Found::Nothing => Seen::fresh(),
                Found::Damaged(_) => Seen { was_damaged: true, ..Seen::fresh() },
            });
            all.push((name, seen));
        }
        Ok(all)
    }

    /// Reads, changes and writes a record while nobody else writes, and what is counted with it.
    fn change<T>(
        &self,
        name: &Name,
        counted: &Changes,
        f: impl FnOnce(&mut Record, Millis) -> T,
    ) -> Result<(T, Seen), StateError> {
        let error = |e| self.state.error(e);
        self.state.write(|transaction| {
            let reading = reading();
            let (record, damaged) = match self.find(transaction, name)? {
                Found::Record(record) => (*record, None),
                Found::Nothing => (Record::new(Clock::new(&reading)), None),
                Found::Damaged(bytes) => (Record::new(Clock::new(&reading)), Some(bytes)),
            };
            let mut seen = Seen { was_damaged: damaged.is_some(), ..seen(record, &reading) };
            let made = f(&mut seen.record, seen.now);
            let bytes = serde_json::to_vec(&seen.record).expect("a record is plain data");
            if let Some(damaged) = damaged {
                transaction
                    .prepare_cached("INSERT INTO damaged_breakers VALUES (?, ?, ?)")
                    .and_then(|mut insert| {
                        insert.execute(params![name.as_str(), clock::now(), damaged])
                    })
                    .map_err(error)?;
            }
            transaction
                .prepare_cached("INSERT OR REPLACE INTO breakers VALUES (?, ?)")
                .and_then(|mut insert| insert.execute(params![name.as_str(), bytes]))
                .map_err(error)?;
            counted.store(transaction).map_err(error)?;
            Ok((made, seen))
        })
    }

    fn find(&self, connection: &Connection, name: &Name) -> Result<Found, StateError> {
        let bytes = connection
            .prepare_cached("SELECT record FROM breakers WHERE name = ?")
            .and_then(|mut select| select.query_row([name.as_str()], bytes).optional())
            .map_err(|e| self.state.error(e))?;
        let Some(bytes) = bytes else { return Ok(Found::Nothing) };
        let newer = |schema| schema > SCHEMA;
        match serde_json::from_slice::<Record>(&bytes) {
            Ok(record) if !newer(record.schema) => Ok(Found::Record(Box::new(record))),
            Err(_) if !schema_of(&bytes).is_some_and(newer) => Ok(Found::Damaged(bytes)),
            _ => Err(StateError::NewerRecord { name: name.to_string() }),
        }
    }
}

enum Found {
    Nothing,
    Record(Box<Record>),
    Damaged(Vec<u8>),
}

/// Whatever type the value has: a damaged row may hold any.
fn bytes(row: &rusqlite::Row<'_>) -> rusqlite::Result<Vec<u8>> {
    let value = row.get_ref(0)?;
    Ok(value.as_bytes_or_null().ok().flatten().map_or_else(Vec::new, <[u8]>::to_vec))
}

fn schema_of(bytes: &[u8]) -> Option<u32> {
    #[derive(Deserialize)]
    struct Head {
        schema: u32,
    }
    serde_json::from_slice::<Head>(bytes).ok().map(|head| head.schema)
}

fn seen(mut record: Record, reading: &Reading) -> Seen {
    let now = record.now(reading);
    Seen { record, now, was_damaged: false }
}

fn reading() -> Reading {
    Reading {
        boot: process::boot().filter(|_| clock::uptime().is_some()).map(str::to_owned),
        uptime: clock::uptime().unwrap_or_default(),
        wall: clock::now() / 1000,
    }
}
