namespace OciRun.Child;

/// <summary>A line of /proc/PID/mountinfo (proc(5)) that is read byte by byte: the mount point, and what is mounted there.</summary>
internal unsafe struct MountLine
{
    private const int PATH_MAX = 4096;
    private const int FieldOfRoot = 3;
    private const int FieldOfPath = 4;
    private const int FirstOptional = 6;

    /// <summary>Room for PATH_MAX bytes; after <see cref="Take"/> has returned true the mount point, terminated by NUL.</summary>
    public byte* Path;

    private int _field;
    private int _length;
    private byte _first;
    private int _pathLength;
    private int _typeField;
    private ulong _type;
    private int _isWhole;

    /// <summary>Forgets the line before.</summary>
    public void Begin()
    {
        _field = _length = _pathLength = _typeField = _isWhole = 0;
        _type = 0;
    }

    /// <summary>Takes the next byte; true when the line is complete.</summary>
    public bool Take(byte next)
    {
        unchecked
        {
            if (next is (byte)' ' or (byte)'\n')
            {
                if (_field == FieldOfRoot)
                    _isWhole = _length == 1 && _first == (byte)'/' ? 1 : 0;
                else if (_field >= FirstOptional && _typeField == 0 && _length == 1 && _first == (byte)'-')
                    _typeField = _field + 1;
                _field++;
                _length = 0;
                if (next == (byte)' ')
                    return false;
                Unescape();
                return true;
            }

            if (_length++ == 0)
                _first = next;
            if (_field == FieldOfPath && _pathLength < PATH_MAX - 1)
                Path[_pathLength++] = next;
            else if (_field == _typeField && _typeField != 0)
                _type = (_type << 8) | next;
            return false;
        }
    }

    /// <summary>Whether it is a procfs or a sysfs, and its root rather than a part of it.</summary>
    public readonly bool IsProcOrSys() => _isWhole != 0 && _type is 0x70726f63 /* proc */ or 0x7379736673 /* sysfs */;

    // "\040" stands for a blank, "\134" for the backslash itself.
    private readonly void Unescape()
    {
        unchecked
        {
            int to = 0;
            for (int from = 0; from < _pathLength; from++)
            {
                byte next = Path[from];
                if (next == (byte)'\\' && from + 3 < _pathLength)
                {
                    next = (byte)(((Path[from + 1] - '0') << 6) | ((Path[from + 2] - '0') << 3) | (Path[from + 3] - '0'));
                    from += 3;
                }

                Path[to++] = next;
            }

            Path[to] = 0;
        }
    }
}
