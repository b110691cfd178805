//! A window as bytes. The layout is documented in docs/window-format.md.

use std::io::{self, Read, Write};

use super::Window;
use super::header::{Header, ServerPart};
use super::wire::{Reader, Writer};
use crate::infer::records::Records;
use crate::model::tft::{Columns, Dictionary, Series, TimeColumn};

/// Begins and ends every window.
pub(super) const MARK: &[u8; 8] = b"UTWINDOW";
/// Written by this program; it reads all up to this one.
pub const VERSION: u32 = 1;
/// Mark, version, length of the header, checksum of the two.
const PREAMBLE: u64 = 20;
/// Checksum and mark.
const END: u64 = 12;

/// Why bytes are no window.
#[derive(Debug, thiserror::Error)]
pub enum DecodeError {
    #[error("{0}")]
    Damaged(&'static str),
    #[error("it has format {0}, this program reads up to {VERSION}")]
    Newer(u32),
    #[error(transparent)]
    Io(io::Error),
}

use DecodeError::Damaged;

const UNFIT: DecodeError = Damaged("its rows do not fit its header");

impl From<io::Error> for DecodeError {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::UnexpectedEof => Damaged("it ends too early"),
            _ => Self::Io(error),
        }
    }
}

/// Writes a window.
pub fn encode(window: &Window, to: impl Write) -> io::Result<()> {
    let servers: Vec<&Series> = window.records.servers.iter().filter(|s| !s.is_empty()).collect();
    let moments = moments(&servers);
    let mut header = serde_json::to_vec(&Header::of(window, moments.len()))?;
    let padding = (PREAMBLE as usize + header.len()).next_multiple_of(8) - PREAMBLE as usize;
    header.resize(padding, b' ');

    let mut to = Writer::new(to);
    let length = u32::try_from(header.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
    to.bytes(MARK)?;
    to.numbers(&[VERSION, length, crc32fast::hash(&preamble(VERSION, length))])?;
    to.bytes(&header)?;
    let (steps, times): (Vec<i64>, Vec<i64>) = moments.iter().copied().unzip();
    match window.columns.time {
        TimeColumn::Timestamp { .. } => to.numbers(&times)?,
        TimeColumn::Index { .. } => to.numbers(&steps)?,
        TimeColumn::Both { .. } => {
            to.numbers(&times)?;
            to.numbers(&steps)?;
        }
    }
    for series in &servers {
        to.numbers(&positions(series, &moments))?;
    }
    for column in 0..window.columns.reals.len() {
        for series in &servers {
            let (front, back) = series.reals()[column].as_slices();
            to.numbers(front)?;
            to.numbers(back)?;
        }
    }
    for (column, _) in window.columns.own_categoricals() {
        for series in &servers {
            let (front, back) = series.categoricals()[column].as_slices();
            to.numbers(front)?;
            to.numbers(back)?;
        }
    }
    to.numbers(&[to.sum()])?;
    to.bytes(MARK)
}

fn preamble(version: u32, header: u32) -> [u8; 8] {
    (u64::from(version) | u64::from(header) << 32).to_le_bytes()
}

/// All moments (step and time) at which any server has a row, in order.
fn moments(servers: &[&Series]) -> Vec<(i64, i64)> {
    let mut moments: Vec<(i64, i64)> = Vec::new();
    for series in servers {
        // Servers usually share their moments: those just seen are not taken again.
        let mut shared = moments.iter().copied().peekable();
        let new: Vec<_> = series
            .moments()
            .filter(|m| {
                while shared.next_if(|s| s < m).is_some() {}
                shared.peek() != Some(m)
            })
            .collect();
        if !new.is_empty() {
            moments.extend(new);
            moments.sort_unstable();
        }
    }
    moments
}

/// Where a server's moments stand among all.
fn positions(series: &Series, moments: &[(i64, i64)]) -> Vec<u32> {
    let mut from = 0;
    let position = |moment: (i64, i64)| {
        from += match moments.get(from) {
            Some(next) if *next == moment => 0,
            _ => moments[from..].partition_point(|m| *m < moment),
        };
        from += 1;
        from as u32 - 1
    };
    series.moments().map(position).collect()
}

/// Reads a window of so many bytes.
pub fn decode(from: impl Read, length: u64) -> Result<Window, DecodeError> {
    let mut from = Reader::new(from);
    if from.bytes(MARK.len())? != MARK {
        return Err(Damaged("its beginning is damaged"));
    }
    let [version, header, sum] = [from.number::<u32>()?, from.number()?, from.number()?];
    if sum != crc32fast::hash(&preamble(version, header)) {
        return Err(Damaged("its beginning is damaged"));
    }
    match version {
        VERSION => decode_1(from, header, length),
        0 => Err(Damaged("there is no format 0")),
        newer => Err(DecodeError::Newer(newer)),
    }
}

fn decode_1(
    mut from: Reader<impl Read>,
    header_length: u32,
    length: u64,
) -> Result<Window, DecodeError> {
    let text = from.bytes(header_length as usize)?;
    let header: Header =
        serde_json::from_slice(&text).map_err(|_| Damaged("its header is damaged"))?;
    // Nothing is allocated that the file does not hold.
    let expected = header.bytes().and_then(|b| b.checked_add(PREAMBLE + END + text.len() as u64));
    if expected != Some(length) {
        return Err(Damaged("its length does not fit its header"));
    }
    let columns = header.columns().ok_or(Damaged("its header is damaged"))?;
    let table = read_moments(&mut from, &columns.time, header.moments)?;
    let mut servers = Vec::with_capacity(header.servers.len());
    for server in &header.servers {
        servers.push(read_server(&mut from, server, &table)?);
    }
    for _ in &header.reals {
        for (series, server) in servers.iter_mut().zip(&header.servers) {
            series.reals.push(from.numbers(server.rows)?);
        }
    }
    let mut dictionaries = Vec::with_capacity(header.categoricals.len());
    for categorical in &header.categoricals {
        let mut dictionary: Dictionary = categorical.labels.iter().flatten().collect();
        for (series, server) in servers.iter_mut().zip(&header.servers) {
            series.categoricals.push(match header.group(categorical) {
                Some(group) => {
                    let label = server.labels.get(group).ok_or(UNFIT)?;
                    vec![dictionary.code(label); server.rows]
                }
                None => from.numbers(server.rows)?,
            });
        }
        dictionaries.push(dictionary);
    }
    let sum = from.sum();
    if from.number::<u32>()? != sum {
        return Err(Damaged("its checksum is wrong"));
    }
    if from.bytes(MARK.len())? != MARK {
        return Err(Damaged("its end is damaged"));
    }
    assemble(&header, columns, dictionaries, servers)
}

/// Steps and times, in order.
fn read_moments(
    from: &mut Reader<impl Read>,
    time: &TimeColumn,
    count: usize,
) -> Result<Vec<(i64, i64)>, DecodeError> {
    let table: Vec<(i64, i64)> = match time {
        TimeColumn::Timestamp { grid, .. } => {
            let times = from.numbers(count)?.into_iter();
            times.map(|time| (grid.index(time), time)).collect()
        }
        TimeColumn::Index { .. } => from.numbers(count)?.into_iter().map(|s| (s, 0)).collect(),
        TimeColumn::Both { .. } => {
            let times: Vec<i64> = from.numbers(count)?;
            from.numbers(count)?.into_iter().zip(times).collect()
        }
    };
    // Distances between steps must not overflow.
    let sound = |step: i64| step.unsigned_abs() < 1 << 62;
    if table.iter().all(|(step, _)| sound(*step)) && table.is_sorted() {
        Ok(table)
    } else {
        Err(Damaged("its times are out of order"))
    }
}

fn read_server(
    from: &mut Reader<impl Read>,
    server: &ServerPart,
    table: &[(i64, i64)],
) -> Result<Columns, DecodeError> {
    let positions: Vec<u32> = from.numbers(server.rows)?;
    let moments = positions.iter().map(|p| table.get(*p as usize).copied());
    let moments: Option<Vec<(i64, i64)>> = moments.collect();
    let moments = moments.ok_or(Damaged("its times are out of order"))?;
    if !moments.is_sorted_by(|a, b| a.0 < b.0) {
        return Err(Damaged("its times are out of order"));
    }
    let (steps, times) = moments.into_iter().unzip();
    Ok(Columns { steps, times, ..Columns::default() })
}

fn assemble(
    header: &Header,
    columns: super::Columns,
    dictionaries: Vec<Dictionary>,
    servers: Vec<Columns>,
) -> Result<Window, DecodeError> {
    let labels_sound = header.categoricals.iter().zip(&dictionaries).all(|(c, d)| {
        c.labels.as_ref().map_or(header.group(c).is_some(), |labels| labels.len() == d.len())
    });
    let values_sound = servers.iter().all(|s| {
        let codes = s.categoricals.iter().zip(&dictionaries);
        s.reals.iter().flatten().all(|x| x.is_finite())
            && codes.into_iter().all(|(c, d)| c.iter().all(|code| (*code as usize) < d.len()))
    });
    let mut names: Vec<&Vec<String>> = header.servers.iter().map(|s| &s.labels).collect();
    names.sort_unstable();
    let names_sound = names.iter().all(|n| n.len() == header.groups.len())
        && names.is_sorted_by(|a, b| a != b)
        && header.servers.iter().all(|s| s.rows <= header.steps);
    if !(labels_sound && values_sound && names_sound) {
        return Err(UNFIT);
    }
    let series = header.servers.iter().zip(servers).map(|(server, columns)| {
        let mut series = Series::from_columns(server.labels.clone(), header.steps, columns);
        series.set_seen(server.seen);
        series
    });
    let records = Records { servers: series.collect(), dictionaries };
    let (model, saved) = (header.model(), header.saved_us);
    Ok(Window { columns, records, model, tick: header.tick, steps: header.steps, saved })
}
