using System;
using System.Collections.Generic;
using System.Text;
using OciRun.Errors;
using OciRun.Kernel;
using OciRun.Spec;

namespace OciRun.Images;

internal sealed partial class TarReader
{
    private const int MaximumAttributes = 4096;

    /// <summary>What extended headers say about the entry that follows them (pax(1), "pax Extended Header").</summary>
    private sealed class Extensions
    {
        public Utf8 Name { get; set; }

        public Utf8 LinkName { get; set; }

        public long? Uid { get; private set; }

        public long? Gid { get; private set; }

        public long? Length { get; private set; }

        public timespec? Modified { get; private set; }

        /// <summary>Size of a sparse file.</summary>
        public long? RealSize { get; private set; }

        /// <summary>The map of a sparse file stands before its data (GNU sparse 1.0).</summary>
        public bool HasMapInData { get; private set; }

        /// <summary>Offset and length by turns (GNU sparse 0.0 and 0.1); null when the file is not sparse.</summary>
        public List<long>? Map { get; private set; }

        public List<Pair> Attributes { get; } = [];

        /// <summary>Takes records of the form <c>LENGTH KEY=VALUE\n</c>; the length counts all of it.</summary>
        public void Read(byte[] records)
        {
            for (int at = 0; at < records.Length;)
            {
                ReadOnlySpan<byte> rest = records.AsSpan(at);
                int blank = rest.IndexOf((byte)' ');
                if (blank <= 0 || !TarHeader.TryDecimal(rest[..blank], out long length) || length <= blank + 2
                    || length > rest.Length || rest[(int)length - 1] != (byte)'\n')
                    throw new FaultException("an extended header is malformed");
                Utf8 record = new(records, at + blank + 1, (int)length - blank - 2);
                int equals = record.IndexOf((byte)'=');
                if (equals <= 0)
                    throw new FaultException("an extended header is malformed");
                Take(record.Slice(0, equals), record.Slice(equals + 1));
                at += (int)length;
            }
        }

        private void Take(Utf8 key, Utf8 value)
        {
            if (key.StartsWith("SCHILY.xattr."u8))
                Attribute(key.Slice("SCHILY.xattr.".Length), value);
            else if (key.StartsWith("LIBARCHIVE.xattr."u8))
                Attribute(Unescape(key.Slice("LIBARCHIVE.xattr.".Length)), Decode(key, value));
            else if (key.StartsWith("GNU.sparse."u8))
                TakeSparse(key.Slice("GNU.sparse.".Length), value);
            else if (key.Is("path"u8))
                Name = Whole(key, value);
            else if (key.Is("linkpath"u8))
                LinkName = Whole(key, value);
            else if (key.Is("uid"u8))
                Uid = Number(key, value);
            else if (key.Is("gid"u8))
                Gid = Number(key, value);
            else if (key.Is("size"u8))
                Length = Number(key, value);
            else if (key.Is("mtime"u8))
                Modified = Time(key, value);
        }

        private void TakeSparse(Utf8 key, Utf8 value)
        {
            if (key.Is("name"u8))
                Name = Whole(key, value);
            else if (key.Is("realsize"u8) || key.Is("size"u8))
                RealSize = Number(key, value);
            else if (key.Is("major"u8))
                HasMapInData = value.Is("1"u8);
            else if (key.Is("offset"u8) || key.Is("numbytes"u8))
                Add(Map ??= [], Number(key, value));
            else if (key.Is("map"u8))
                TakeMap(value);
        }

        private void TakeMap(Utf8 value)
        {
            Map = [];
            if (value.IsEmpty)
                return;
            foreach (Range part in value.Span.Split((byte)','))
            {
                if (!TarHeader.TryDecimal(value.Span[part], out long number))
                    throw new FaultException("the map of a sparse file is malformed");
                Add(Map, number);
            }
        }

        private void Attribute(Utf8 name, Utf8 value)
        {
            if (Attributes.Count >= MaximumAttributes)
                throw new FaultException($"more than {MaximumAttributes} extended attributes");

            // The last of equal ones counts, also when both forms are there, as bsdtar writes them.
            Attributes.RemoveAll(other => other.Key == name);
            Attributes.Add(new Pair(name, value));
        }

        // libarchive escapes names as URLs do.
        private static Utf8 Unescape(Utf8 name)
        {
            byte[] plain = new byte[name.Length];
            int length = 0;
            for (int i = 0; i < name.Length; i++)
            {
                byte[] pair = new byte[1];
                if (name[i] == (byte)'%' && i + 2 < name.Length
                    && Convert.FromHexString(Encoding.Latin1.GetString(name.Slice(i + 1, 2).Span), pair, out _, out _) == System.Buffers.OperationStatus.Done)
                {
                    plain[length++] = pair[0];
                    i += 2;
                    continue;
                }

                plain[length++] = name[i];
            }

            return new Utf8(plain, 0, length);
        }

        // libarchive leaves the padding of base64 out.
        private static Utf8 Decode(Utf8 key, Utf8 value)
        {
            try
            {
                string text = Encoding.ASCII.GetString(value.Span).TrimEnd('=');
                return new Utf8(Convert.FromBase64String(text.PadRight((text.Length + 3) / 4 * 4, '=')));
            }
            catch (FormatException)
            {
                throw Malformed(key);
            }
        }

        private static Utf8 Whole(Utf8 key, Utf8 value) => value.Span.Contains((byte)0) ? throw Malformed(key) : value;

        private static long Number(Utf8 key, Utf8 value) =>
            TarHeader.TryDecimal(value.Span, out long number) ? number : throw Malformed(key);

        // Seconds since 1970, with a fraction of any length; of negative times the nanoseconds count upwards.
        private static timespec Time(Utf8 key, Utf8 value)
        {
            int dot = value.IndexOf((byte)'.');
            if (!TarHeader.TryDecimal(value.Span[..(dot < 0 ? value.Length : dot)], out long seconds)
                || seconds is < -(1L << 40) or > 1L << 40)
                throw Malformed(key);
            long nanoseconds = 0;
            ReadOnlySpan<byte> fraction = dot < 0 ? default : value.Span[(dot + 1)..];
            for (int i = 0; i < 9; i++)
            {
                byte digit = i < fraction.Length ? fraction[i] : (byte)'0';
                if (digit is < (byte)'0' or > (byte)'9')
                    throw Malformed(key);
                nanoseconds = (nanoseconds * 10) + (digit - '0');
            }

            bool negative = value[0] == (byte)'-' && nanoseconds > 0;
            return negative
                ? new timespec { tv_sec = seconds - 1, tv_nsec = 1_000_000_000 - nanoseconds }
                : new timespec { tv_sec = seconds, tv_nsec = nanoseconds };
        }

        private static FaultException Malformed(Utf8 key) => new($"\"{key}\" of an extended header is malformed");
    }
}
