//! What is written is read.

use super::*;

/// A fixed, unremarkable sequence of numbers.
fn numbers() -> impl Iterator<Item = u64> {
    let mut state = 1u64;
    std::iter::repeat_with(move || {
        state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        state ^ (state >> 29)
    })
}

#[test]
fn what_is_written_is_read() -> Result<()> {
    let pieces: Vec<(u64, u32)> = numbers()
        .zip(numbers().skip(7))
        .take(5000)
        .map(|(value, count)| (value & low_bits((count % 65) as u32), (count % 65) as u32))
        .collect();
    let mut writer = BitWriter::default();
    for &(value, count) in &pieces {
        writer.put(value, count)?;
    }
    let total: u64 = pieces.iter().map(|&(_, count)| u64::from(count)).sum();
    assert_eq!(writer.position(), total);
    let bytes = writer.finish(8);
    assert_eq!(bytes.len() as u64, total.div_ceil(8));

    let mut reader = BitReader::new(&bytes, 0);
    let mut position = 0;
    for &(value, count) in &pieces {
        assert_eq!(BitReader::new(&bytes, position).take(count), value);
        assert_eq!(reader.take(count), value);
        position += u64::from(count);
        assert_eq!(reader.position(), position);
        reader.check()?;
    }
    reader.take(8);
    assert!(matches!(reader.check(), Err(Error::Truncated { .. })));
    Ok(())
}

#[test]
fn padding_is_to_the_word() -> Result<()> {
    for (bits, bytes8, bytes64) in [(0, 0, 0), (1, 1, 8), (8, 1, 8), (64, 8, 8), (65, 9, 16)] {
        for (word_bits, expected) in [(8, bytes8), (64, bytes64)] {
            let mut writer = BitWriter::default();
            for _ in 0..bits {
                writer.put(1, 1)?;
            }
            assert_eq!(writer.finish(word_bits).len(), expected);
        }
    }
    Ok(())
}

#[test]
fn advancing_is_reading() {
    let bytes: Vec<u8> = numbers().take(400).map(|x| x as u8).collect();
    for start in [0u64, 1, 7, 63, 64, 1000] {
        for count in [0u32, 1, 55, 56, 57, 63, 64, 65, 500, 100_000] {
            let mut reader = BitReader::new(&bytes, start);
            reader.advance(count);
            assert_eq!(reader.position(), start + u64::from(count));
            assert_eq!(reader.take(64), BitReader::new(&bytes, reader.position() - 64).take(64));
        }
    }
}
