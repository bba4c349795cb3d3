using System;
using System.Globalization;
using OciRun.Kernel;

namespace OciRun.Images;

/// <summary>A bar of the compressed bytes on standard error, when that is a terminal and nobody asked for silence.</summary>
internal sealed unsafe class Progress : IDisposable
{
    private const int Stderr = 2;
    private const int WidestBar = 40;

    private readonly bool _shows;
    private readonly int _layers;
    private readonly long _total;
    private int _layer;
    private long _done;
    private long _shownAt = long.MinValue;
    private int _shownLength;

    /// <param name="shows">False: nothing is written.</param>
    /// <param name="layers">How many there are.</param>
    /// <param name="total">Bytes of all layers as they are stored.</param>
    public Progress(bool shows, int layers, long total)
    {
        termios terminal;
        _shows = shows && Sys.ioctl(Stderr, Uapi.TCGETS, &terminal) == 0;
        _layers = layers;
        _total = total;
    }

    /// <summary>Starts the next layer.</summary>
    public void NextLayer() => _layer++;

    /// <summary>A layer that the store has.</summary>
    public void Skip(long bytes) => Advance(bytes);

    public void Advance(long bytes)
    {
        _done += bytes;
        if (!_shows)
            return;
        long now = Environment.TickCount64;
        if (now < _shownAt + 100)
            return;
        _shownAt = now;
        winsize size = default;
        Sys.ioctl(Stderr, Uapi.TIOCGWINSZ, &size);
        Show(Line(_layer, _layers, _done, _total, size.ws_col == 0 ? 80 : size.ws_col));
    }

    /// <summary>Takes the bar away.</summary>
    public void Dispose()
    {
        if (_shownLength > 0)
            Show("");
    }

    /// <summary><c>layer 2 of 5 [#####     ]  50 %  12.5 of 25.0 MB</c>, cut to the width.</summary>
    internal static string Line(int layer, int layers, long done, long total, int width)
    {
        double share = total > 0 ? Math.Min((double)done / total, 1) : 1;
        string before = string.Create(CultureInfo.InvariantCulture, $"layer {layer} of {layers} ");
        string after = string.Create(CultureInfo.InvariantCulture, $" {(int)(share * 100),3} %  {done / 1e6:F1} of {total / 1e6:F1} MB");
        int room = Math.Min(width - before.Length - after.Length - 3, WidestBar);
        string bar = room < 5 ? "" : $"[{new string('#', (int)(share * room)).PadRight(room)}]";
        string line = before + bar + after;
        return line.Length < width ? line : line[..Math.Max(width - 1, 0)];
    }

    private void Show(string line)
    {
        string text = "\r" + line.PadRight(_shownLength) + (line.Length == 0 ? "\r" : "");
        _shownLength = line.Length;
        Sys.WriteAll(Stderr, Sys.Bytes(text));
    }
}
