//! Comma-separated values with a head line. Quotes, CRLF and a byte-order mark are understood.

use std::io::Read;

use csv::{ByteRecord, ReaderBuilder};

use super::super::bad_row::Wrong;
use super::metered::{Meter, Metered};
use super::{IngestError, Reading, ignored, positions};
use crate::core::output::Progress;

pub(super) fn read(
    input: impl Read,
    columns: &[String],
    to: &mut Reading<'_>,
    progress: &Progress,
) -> Result<(), IngestError> {
    let (input, meter) = Metered::new(input);
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .buffer_capacity(1 << 16)
        .from_reader(input);
    let mut record = ByteRecord::new();
    let mut line = 0;
    if !next(&mut reader, &mut record, &meter, &mut line)? {
        return Err(IngestError::Empty);
    }
    let head: Vec<String> =
        record.iter().map(|f| String::from_utf8_lossy(f).trim().to_owned()).collect();
    let positions = positions(columns, &head)?;
    to.ignored_columns = ignored(columns, &head);
    while next(&mut reader, &mut record, &meter, &mut line)? {
        let mut fields = Vec::with_capacity(columns.len());
        let wrong = take(&record, &positions, columns, head.len(), &mut fields);
        to.add(line, wrong.map(|()| fields.as_slice()))?;
        progress.at(meter.total());
    }
    Ok(())
}

/// The next record and the line it begins at; false at the end.
fn next<R: Read>(
    reader: &mut csv::Reader<R>,
    record: &mut ByteRecord,
    meter: &Meter,
    line: &mut u64,
) -> Result<bool, IngestError> {
    let more = reader.read_byte_record(record);
    meter.line_ended();
    match more {
        Ok(more) => {
            *line = record.position().map_or(*line, csv::Position::line);
            Ok(more)
        }
        Err(_) if meter.is_endless() => Err(IngestError::EndlessLine { line: *line + 1 }),
        Err(error) => Err(IngestError::Read { line: *line, source: error.into() }),
    }
}

/// The wanted fields of a record.
fn take<'r>(
    record: &'r ByteRecord,
    positions: &[usize],
    columns: &[String],
    expected: usize,
    fields: &mut Vec<&'r str>,
) -> Result<(), Wrong> {
    if record.len() != expected {
        return Err(Wrong::Fields { got: record.len(), expected });
    }
    for (position, column) in positions.iter().zip(columns) {
        let text = std::str::from_utf8(&record[*position]);
        fields.push(text.map_err(|_| Wrong::NotText(column.clone()))?);
    }
    Ok(())
}
