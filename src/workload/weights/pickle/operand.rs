//! What follows an opcode: numbers, strings, lines.

use super::super::WeightsError;
use super::super::input::Input;
use super::Value;

/// Bytes of a string that is kept; longer ones are data, not names.
const STRING: u64 = 4 << 10;

pub(super) fn number(opcode: u8, input: &mut Input) -> Result<Value, WeightsError> {
    Ok(match opcode {
        b'K' => Value::Int(input.u8()?.into()),
        b'M' => Value::Int(input.u16()?.into()),
        b'J' => Value::Int(i32::from_le_bytes(input.array()?).into()),
        b'G' => input.skip(8).map(|()| Value::Other)?,
        0x8a | 0x8b => {
            let size = if opcode == 0x8a { input.u8()?.into() } else { u64::from(input.u32()?) };
            if size > 8 {
                input.skip(size)?;
                return Ok(Value::Other);
            }
            let value = input.uint(size as u8)?;
            // Two's complement of `size` bytes.
            let unused = 64 - 8 * size as u32;
            Value::Int(if unused == 64 { 0 } else { (value << unused).cast_signed() >> unused })
        }
        _ => line(input)?.trim_end_matches('L').parse().map_or(Value::Other, Value::Int),
    })
}

/// Nothing where it is no name.
pub(super) fn text(opcode: u8, input: &mut Input) -> Result<Option<String>, WeightsError> {
    let length = match opcode {
        b'V' | b'S' => {
            let line = line(input)?;
            return Ok(Some(line.trim_matches(['\'', '"']).into()));
        }
        0x8c | b'U' | b'C' => input.u8()?.into(),
        b'X' | b'T' | b'B' => input.u32()?.into(),
        _ => input.u64()?,
    };
    if length > STRING || matches!(opcode, b'B' | b'C' | 0x8e | 0x96) {
        return input.skip(length).map(|()| None);
    }
    let bytes = input.bytes(length, STRING)?;
    Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
}

/// To the end of the line, without it.
pub(super) fn line(input: &mut Input) -> Result<String, WeightsError> {
    let mut line = Vec::new();
    loop {
        match input.u8()? {
            b'\n' => return Ok(String::from_utf8_lossy(&line).into_owned()),
            _ if line.len() as u64 >= STRING => {
                return Err(input.malformed("a line without an end"));
            }
            byte => line.push(byte),
        }
    }
}
