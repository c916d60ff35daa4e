//! `compress`, `decompress` and `info` on files and pipes.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use zfp_wgpu::{Compressor, Decompressor, Field, Mode, StreamWord};

use crate::support::{OURS, floats, folder, ours, run, said, write_data};

/// The header that NumPy gives an array of `f32`.
pub(crate) fn npy(shape: &str, values: &[u8]) -> Vec<u8> {
    let fields = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({shape}), }}");
    let length = (10 + fields.len() + 1).next_multiple_of(64) - 10;
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((length as u16).to_le_bytes());
    bytes.extend(format!("{fields:<0$}\n", length - 1).into_bytes());
    bytes.extend(values);
    bytes
}

fn succeeds(arguments: &str, folder: &Path) -> String {
    let output = ours(arguments, folder);
    assert!(output.status.success(), "{arguments}: {}", said(&output));
    said(&output)
}

fn fails(arguments: &str, folder: &Path, line: &str) {
    let count = || fs::read_dir(folder).unwrap().count();
    let before = count();
    let output = ours(arguments, folder);
    assert!(!output.status.success(), "{arguments}");
    assert!(said(&output).contains(line), "{arguments}: {}", said(&output));
    assert_eq!(count(), before, "{arguments}: left something behind");
}

#[test]
fn files_in_every_mode() {
    let folder = folder();
    let at = |name: &str| folder.path().join(name);
    let values = floats(30 * 40);
    fs::write(at("a.raw"), &values).unwrap();
    fs::write(at("a.npy"), npy("30, 40", &values)).unwrap();
    let floats: Vec<f32> = bytemuck::pod_collect_to_vec(&values);
    let field = Field::new(&floats, &[30, 40]).unwrap();
    for (flags, mode) in [
        ("--rate 7", Mode::Rate(7.0)),
        ("-r 2.5", Mode::Rate(2.5)),
        ("--precision 14", Mode::Precision(14)),
        ("--tolerance 1e-3", Mode::Accuracy(1e-3)),
        ("--reversible", Mode::Reversible),
        (
            "--expert 9,900,20,-8",
            Mode::Expert(zfp_wgpu::Params { minbits: 9, maxbits: 900, maxprec: 20, minexp: -8 }),
        ),
    ] {
        let compressor = Compressor::new(mode);
        let expected = compressor.compress(&field).unwrap();
        succeeds(&format!("compress a.npy a.z {flags}"), folder.path());
        assert!(fs::read(at("a.z")).unwrap() == expected, "{flags}");
        let raw = format!("compress a.raw b.z {flags} --shape 30,40 --dtype f32");
        succeeds(&raw, folder.path());
        assert!(fs::read(at("b.z")).unwrap() == expected, "{flags}");
        let back = zfp_wgpu::decompress::<f32>(&expected).unwrap().values;
        let back: &[u8] = bytemuck::cast_slice(&back);
        succeeds("decompress a.z back.npy", folder.path());
        let written = fs::read(at("back.npy")).unwrap();
        assert!(written.ends_with(back) && written.starts_with(b"\x93NUMPY"));
        succeeds("decompress a.z back.raw", folder.path());
        assert!(fs::read(at("back.raw")).unwrap() == back, "{flags}");
        // It reads what it wrote.
        succeeds("compress back.npy c.z --reversible", folder.path());

        let bare = compressor.header(false).stream_word(StreamWord::Bits8);
        let expected = bare.compress(&field).unwrap();
        succeeds(&format!("compress a.npy a.z {flags} --no-header --pad-to-bytes"), folder.path());
        assert!(fs::read(at("a.z")).unwrap() == expected, "{flags}");
        succeeds(&format!("decompress a.z back.raw {flags} -s 30,40 -t f32"), folder.path());
        assert!(fs::read(at("back.raw")).unwrap() == back, "{flags}");
    }
}

#[test]
fn what_was_lost_is_told() {
    let folder = folder();
    fs::write(folder.path().join("a.npy"), npy("1000,", &floats(1000))).unwrap();
    let text = succeeds("compress a.npy a.z --rate 8 --no-header", folder.path());
    // The figures of LLNL's tool for the same values.
    assert!(text.contains("ratio 4, 8 bits per value"), "{text}");
    assert!(text.contains("largest error 0.0397, RMSE 0.008006"), "{text}");
    assert!(text.contains("PSNR 46.90 dB (half the range"), "{text}");
    // Twice the peak.
    assert!(text.contains("PSNR 52.92 dB (range / RMSE, as Python's"), "{text}");
    assert!(text.contains(" dB (largest magnitude / RMSE)"), "{text}");
    let with_header = succeeds("compress a.npy a.z --rate 8", folder.path());
    assert!(with_header.contains("largest error 0.0397, RMSE 0.008006"), "{with_header}");
    let text = succeeds("compress a.npy a.z --reversible", folder.path());
    assert!(text.contains("nothing lost"), "{text}");
    assert_eq!(succeeds("compress a.npy a.z -r 8 --quiet", folder.path()), "");
    assert!(!succeeds("compress a.npy a.z -r 8 --no-errors", folder.path()).contains("error"));
}

#[test]
fn values_that_are_not_finite_have_no_error() {
    let folder = folder();
    let mut values: Vec<f32> = bytemuck::pod_collect_to_vec(&floats(1000));
    let small = "--precision 30 --allow-non-finite";
    // The last blocks are lost but for their finite zeros.
    values[..990].fill(0.0);
    values[3] = 1000.125;
    values[992..].copy_from_slice(&[f32::NAN, f32::INFINITY, -f32::INFINITY, 0.0].repeat(2));
    values[990] = 0.0;
    values[991] = 0.0;
    let write = |values: &[f32]| {
        let bytes: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
        fs::write(folder.path().join("a.npy"), npy("1000,", &bytes)).unwrap();
    };
    write(&values);
    let text = succeeds(&format!("compress a.npy a.z {small}"), folder.path());
    assert!(text.contains("left out of these: 6 values that are not finite"), "{text}");
    // What came back of the finite ones, by hand.
    let stream = fs::read(folder.path().join("a.z")).unwrap();
    let back = Decompressor::new().decompress::<f32>(&stream).unwrap().values;
    let finite = values.iter().zip(&back).filter(|(value, _)| value.is_finite());
    let most = finite.map(|(value, back)| (value - back).abs()).fold(0.0, f32::max);
    let told = text.split("largest error ").nth(1).unwrap().split(',').next().unwrap();
    let told: f32 = told.parse().unwrap();
    assert!((told - most).abs() <= 1e-3 * most, "{told} is not {most}: {text}");
    write(&[f32::NAN; 1000]);
    let text = succeeds(&format!("compress a.npy a.z {small}"), folder.path());
    assert!(text.contains("no f32 is finite"), "{text}");
    let text = succeeds("compress a.npy a.z --reversible", folder.path());
    assert!(text.contains("nothing lost"), "{text}");
}

#[test]
fn pipes() {
    let folder = folder();
    let values = npy("10, 10, 10", &floats(1000));
    let raw = floats(1000);
    let through = |arguments: &str, input: &[u8]| {
        let output =
            run(Command::new(OURS).args(arguments.split_whitespace()), folder.path(), input);
        assert!(output.status.success(), "{arguments}: {}", said(&output));
        output.stdout
    };
    let stream = through("compress - - -a 1e-3", &values);
    assert!(stream == through("compress - - -a 1e-3 -s 10,10,10 -t f32", &raw));
    let back = through("decompress - -", &stream);
    assert_eq!(back.len(), 4000);
    assert!(through("decompress - - --npy", &stream).ends_with(&back));
    let info = String::from_utf8(through("info -", &stream)).unwrap();
    assert!(info.contains("10 × 10 × 10") && info.contains("fixed accuracy"), "{info}");

    for (arguments, input, line) in [
        ("compress - x.z -r 8 -s 999 -t f32", &raw[..], "standard input: goes on behind"),
        ("compress - x.z -r 8 -s 1001 -t f32", &raw, "standard input: ends too early"),
        ("compress - x.z -r 8", &values[..values.len() - 1], "standard input: ends too early"),
        ("decompress - x.raw", &stream[..stream.len() / 2], "the stream is truncated"),
        ("decompress - x.raw", b"", "the stream is truncated"),
        ("decompress - x.raw", b"not a stream", "not a zfp stream"),
    ] {
        let output =
            run(Command::new(OURS).args(arguments.split_whitespace()), folder.path(), input);
        assert!(said(&output).contains(line), "{arguments}: {}", said(&output));
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "{arguments}");
    }
}

#[test]
fn what_is_wrong_is_said_and_nothing_is_written() {
    let folder = folder();
    write_data(folder.path());
    let at = |name: &str| folder.path().join(name);
    let values = floats(1000);
    fs::write(at("a.npy"), npy("10, 100", &values)).unwrap();
    fs::write(at("short.npy"), npy("10, 101", &values)).unwrap();
    fs::write(at("long.npy"), npy("10, 99", &values)).unwrap();
    fs::write(at("five.npy"), npy("1, 2, 5, 10, 10", &values)).unwrap();
    fs::write(at("none.npy"), npy("0, 5", b"")).unwrap();
    let other = |from: &str, to: &str| {
        let text = npy("10, 100", &values);
        let place = text.windows(from.len()).position(|part| part == from.as_bytes()).unwrap();
        let mut text = text.clone();
        text[place..place + to.len()].copy_from_slice(to.as_bytes());
        text
    };
    fs::write(at("big.npy"), other("<f4", ">f4")).unwrap();
    fs::write(at("half.npy"), other("<f4", "<f2")).unwrap();
    fs::write(at("fortran.npy"), other("False", "True ")).unwrap();
    fs::write(at("broken.npy"), other("'descr'", "'d@scr'")).unwrap();
    succeeds("compress a.npy good.z -a 1e-3", folder.path());
    let good = fs::read(at("good.z")).unwrap();
    fs::write(at("cut.z"), &good[..good.len() - 20]).unwrap();
    fs::write(at("more.z"), [&good[..], b"12345678"].concat()).unwrap();

    for (arguments, line) in [
        ("compress a.npy x.z", "how much to keep?"),
        ("compress a.npy x.z -r 8 -a 1", "cannot be used with"),
        ("compress a.npy x.z -R -p 3", "cannot be used with"),
        ("compress a.npy x.z -r nan", "rate NaN is not a finite"),
        ("compress a.npy x.z -a inf", "tolerance inf is not a finite"),
        ("compress a.npy x.z -e 1,2,3", "--expert takes 4 numbers"),
        ("compress a.npy x.z -e 1,4,3,-1074", "maxbits 4 is below"),
        ("compress a.npy x.z -e=-1,4,3,-1074", "minbits cannot be -1"),
        ("compress a.npy x.z -r 8 -s 100,10", "a.npy: has the shape 10 × 100, not the one"),
        ("compress a.npy x.z -r 8 -t f64", "a.npy: holds f32, not the type"),
        ("compress f32 x.z -r 8", "f32: is not a .npy file"),
        ("compress f32 x.z -r 8 -s 1000", "raw values need --dtype and --shape"),
        ("compress f32 x.z -r 8 -s 999 -t f32", "has 4000 bytes of values, and 999 of type f32"),
        ("compress f32 x.z -r 8 -s 1001 -t f32", "has 4000 bytes of values, and 1001 of type"),
        ("compress f32 x.z -r 8 -s 0,3 -t f32", "is empty"),
        ("compress f32 x.z -r 8 -s 1,1,1,1,1000 -t f32", "has 5 dimensions"),
        ("compress f32 x.z -r 8 -s 1000 -t f16", "the types are f32, f64, i32 and i64"),
        ("compress short.npy x.z -r 8", "short.npy: has 4000 bytes of values"),
        ("compress long.npy x.z -r 8", "long.npy: has 4000 bytes of values"),
        ("compress five.npy x.z -r 8", "has 5 dimensions"),
        ("compress none.npy x.z -r 8", "none.npy: is empty"),
        ("compress big.npy x.z -r 8", "big.npy: holds big-endian values"),
        ("compress half.npy x.z -r 8", "half.npy: holds <f2"),
        ("compress fortran.npy x.z -r 8", "fortran.npy: is in Fortran order"),
        ("compress broken.npy x.z -r 8", "broken.npy: has a header that NumPy did not write"),
        ("compress awkward x.z -r 8 -s 8 -t f32", "awkward: the value at index [1] is not"),
        ("compress nothing x.z -r 8", "nothing: cannot be opened"),
        ("compress . x.z -r 8", ".: is a folder"),
        ("compress a.npy none/x.z -r 8", "writing none/x.z"),
        ("compress a.npy x.z -r 8 --device tpu", "tpu"),
        ("compress a.npy x.z -r 8 --threads 5000", "5000 threads"),
        ("decompress cut.z x.npy", "cut.z: the stream is truncated"),
        ("decompress more.z x.npy", "more.z: goes on behind the end of the stream"),
        ("decompress f32 x.npy", "f32: not a zfp stream"),
        ("decompress empty x.npy", "empty: the stream is truncated"),
        ("decompress good.z x.npy -r 8", "a stream with a header needs no more"),
        ("decompress f32 x.npy -r 8 -t f32", "one without needs --dtype, --shape and the mode"),
        ("decompress good.z x.npy --raw --npy", "cannot be used with"),
        ("info cut.z f32", "f32: not a zfp stream"),
        ("nonsense", "unrecognized subcommand"),
    ] {
        fails(arguments, folder.path(), line);
    }
}

#[test]
fn non_finite_values_can_be_allowed() {
    let folder = folder();
    write_data(folder.path());
    succeeds("compress awkward x.z -r 8 -s 8 -t f32 --allow-non-finite", folder.path());
    let text = succeeds("compress awkward x.z -R -s 8 -t f32", folder.path());
    assert!(text.contains("nothing lost"), "{text}");
    succeeds("decompress x.z back", folder.path());
    let read = |name| fs::read(folder.path().join(name)).unwrap();
    assert!(read("back") == read("awkward"));
}

#[test]
fn full_disks_and_closed_pipes() {
    if !Path::new("/dev/full").exists() {
        println!("SKIPPED: there is no /dev/full");
        return;
    }
    let folder = folder();
    let values = vec![1; 16 << 20];
    fs::write(folder.path().join("a.raw"), values).unwrap();
    let what = "a.raw /dev/full -R -s 4194304 -t i32";
    fails(&format!("compress {what}"), folder.path(), "writing /dev/full: No space left");
    succeeds("compress a.raw a.z -r 32 -s 4194304 -t i32", folder.path());
    fails("decompress a.z /dev/full", folder.path(), "writing /dev/full: No space left");

    // Nobody reads: 16 MiB are more than a pipe holds.
    for arguments in ["compress a.raw - -r 32 -s 4194304 -t i32", "decompress a.z -"] {
        let mut command = Command::new(OURS);
        command.args(arguments.split(' ')).current_dir(folder.path());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert!(said(&output).contains("writing standard output: Broken pipe"), "{arguments}");
    }
}

#[test]
fn readers_that_went_away() {
    let folder = folder();
    fs::write(folder.path().join("a.npy"), npy("1000,", &floats(1000))).unwrap();
    fs::write(folder.path().join("a.raw"), floats(1000)).unwrap();
    succeeds("compress a.npy a.z -r 8", folder.path());
    // Less than a pipe holds: nobody has to wait for the reader to know.
    for (arguments, line) in [
        ("compress a.npy - -r 8", "error: writing standard output: "),
        ("decompress a.z -", "error: writing standard output: "),
        ("decompress a.z - --npy", "error: writing standard output: "),
        ("info a.z", "error: "),
        ("zfp -i a.raw -f -1 1000 -r 8 -z -", "cannot write compressed file"),
        ("zfp -z a.z -h -o -", "cannot write output file"),
    ] {
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let mut command = Command::new(OURS);
        command.args(arguments.split(' ')).current_dir(folder.path());
        let output = command.stdout(writer).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments}");
        assert!(said(&output).starts_with(line), "{arguments}: {}", said(&output));
    }
}

#[test]
#[cfg(unix)]
fn messages_name_the_users_file_and_no_other() {
    let folder = folder();
    fs::write(folder.path().join("a.npy"), npy("1000,", &floats(1000))).unwrap();
    succeeds("compress a.npy a.z -r 8", folder.path());
    for arguments in [
        "compress a.npy nowhere/out -r 8",
        "decompress a.z nowhere/out",
        "bench a.npy --quick --no-speed --html nowhere/out",
    ] {
        let output = ours(arguments, folder.path());
        assert_eq!(output.status.code(), Some(1), "{arguments}");
        let text = said(&output);
        let line = "error: writing nowhere/out: No such file or directory";
        assert!(text.starts_with(line) && !text.contains(".part"), "{arguments}: {text}");
    }
}

#[test]
#[cfg(unix)]
fn links_and_permissions_stay() {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = folder();
    write_data(folder.path());
    let at = |name: &str| folder.path().join(name);
    fs::write(at("real.z"), b"old").unwrap();
    fs::set_permissions(at("real.z"), fs::Permissions::from_mode(0o640)).unwrap();
    std::os::unix::fs::symlink("real.z", at("link.z")).unwrap();
    succeeds("compress f32 link.z -r 8 -s 1000 -t f32", folder.path());
    assert!(fs::symlink_metadata(at("link.z")).unwrap().is_symlink());
    assert!(fs::read(at("real.z")).unwrap().starts_with(b"zfp"));
    assert_eq!(fs::metadata(at("real.z")).unwrap().permissions().mode() & 0o777, 0o640);
    // An array may be replaced by its own stream.
    fs::copy(at("f32"), at("same")).unwrap();
    succeeds("compress same same -r 8 -s 1000 -t f32", folder.path());
    assert!(fs::read(at("same")).unwrap().starts_with(b"zfp"));
}

#[test]
fn negative_numbers_are_numbers() {
    let folder = folder();
    fs::write(folder.path().join("a.npy"), npy("1000,", &floats(1000))).unwrap();
    for (flags, line) in [
        ("--tolerance -1", "tolerance"),
        ("-a -1e-3", "tolerance"),
        ("--rate -8", "rate"),
        ("-p -1", "invalid value '-1' for '--precision"),
    ] {
        fails(&format!("compress a.npy a.z {flags}"), folder.path(), line);
        let output = ours(&format!("compress a.npy a.z {flags}"), folder.path());
        assert!(!said(&output).contains("unexpected argument"), "{flags}: {}", said(&output));
    }
}
