using System;
using System.Buffers.Binary;
using System.Collections.Generic;
using System.Globalization;
using System.IO;
using System.Net;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using System.Threading.Tasks;

namespace OciRun.Cri;

/// <summary>
/// Calls one method of the container runtime interface, as kubelet does, for tests/Engines/cri.sh: Debian has no crictl.
/// <c>ocirun-cri SOCKET SERVICE METHOD [FIELD]... [-- PATH...]</c>. A field is <c>N=TEXT</c>, <c>N:INTEGER</c>, or <c>N{</c> and
/// what follows to its <c>}</c>, with N the number in the interface's api.proto. Of the answer, each PATH (<c>1.3</c>) is printed,
/// a line each: a number, a text, or nothing. Exit status 1 with the message of the error; 2 for wrong words.
/// </summary>
internal static class Program
{
    private static async Task<int> Main(string[] args)
    {
        if (args.Length < 3)
            return 2;
        int end = Array.IndexOf(args, "--");
        string[] fields = end < 0 ? args[3..] : args[3..end];
        string[] paths = end < 0 ? [] : args[(end + 1)..];
        int at = 0;
        byte[] request = Encode(fields, ref at);
        using var handler = new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancel) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(args[0]), cancel);
                return new NetworkStream(socket, ownsSocket: true);
            },
        };
        using var client = new HttpClient(handler) { Timeout = TimeSpan.FromMinutes(3) };
        using var message = new HttpRequestMessage(HttpMethod.Post, $"http://localhost/runtime.v1.{args[1]}Service/{args[2]}")
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(Frame(request)),
        };
        message.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        message.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
        using HttpResponseMessage response = await client.SendAsync(message);
        byte[] body = await response.Content.ReadAsByteArrayAsync();
        string status = Header(response, "grpc-status");
        if (status != "0")
        {
            await Console.Error.WriteLineAsync($"{args[2]}: {status}: {Uri.UnescapeDataString(Header(response, "grpc-message"))}");
            return 1;
        }

        foreach (string path in paths)
            Console.WriteLine(Find(body.AsSpan(5), path.Split('.')));
        return 0;
    }

    // An answer without a message carries the status in its headers.
    private static string Header(HttpResponseMessage response, string name) =>
        response.TrailingHeaders.TryGetValues(name, out IEnumerable<string>? values) || response.Headers.TryGetValues(name, out values)
            ? string.Join(' ', values)
            : "";

    private static byte[] Frame(byte[] message)
    {
        byte[] frame = new byte[5 + message.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        message.CopyTo(frame, 5);
        return frame;
    }

    private static byte[] Encode(string[] words, ref int at)
    {
        using var bytes = new MemoryStream();
        while (at < words.Length)
        {
            string word = words[at++];
            if (word == "}")
                break;
            int mark = word.AsSpan().IndexOfAny("=:{");
            ulong number = ulong.Parse(word.AsSpan(0, mark), CultureInfo.InvariantCulture);
            if (word[mark] == ':')
            {
                Varint(bytes, number << 3);
                Varint(bytes, unchecked((ulong)long.Parse(word.AsSpan(mark + 1), CultureInfo.InvariantCulture)));
                continue;
            }

            byte[] value = word[mark] == '{' ? Encode(words, ref at) : Encoding.UTF8.GetBytes(word[(mark + 1)..]);
            Varint(bytes, (number << 3) | 2);
            Varint(bytes, (ulong)value.Length);
            bytes.Write(value);
        }

        return bytes.ToArray();
    }

    private static void Varint(MemoryStream bytes, ulong value)
    {
        for (; value > 127; value >>= 7)
            bytes.WriteByte((byte)(value | 128));
        bytes.WriteByte((byte)value);
    }

    // The first field of that path.
    private static string Find(ReadOnlySpan<byte> message, ReadOnlySpan<string> path)
    {
        ulong wanted = ulong.Parse(path[0], CultureInfo.InvariantCulture);
        while (!message.IsEmpty)
        {
            ulong key = Varint(ref message);
            ReadOnlySpan<byte> bytes = [];
            ulong number = 0;
            switch (key & 7)
            {
                case 0: number = Varint(ref message); break;
                case 1: message = message[8..]; break;
                case 5: message = message[4..]; break;
                default:
                    int length = (int)Varint(ref message);
                    bytes = message[..length];
                    message = message[length..];
                    break;
            }

            if (key >> 3 != wanted)
                continue;
            if ((key & 7) == 0)
                return unchecked((long)number).ToString(CultureInfo.InvariantCulture);
            return path.Length > 1 ? Find(bytes, path[1..]) : Encoding.UTF8.GetString(bytes);
        }

        return "";
    }

    private static ulong Varint(ref ReadOnlySpan<byte> bytes)
    {
        ulong value = 0;
        for (int shift = 0; ; shift += 7)
        {
            byte one = bytes[0];
            bytes = bytes[1..];
            value |= (ulong)(one & 127) << shift;
            if (one < 128)
                return value;
        }
    }
}
