# SPDX-License-Identifier: Apache-2.0
# What perl computes, each part as one line: its name and a digest of all answers. Parts check themselves where they can.
use strict;
use warnings;
use Compress::Zlib ();
use Digest::MD5  qw(md5_hex);
use Digest::SHA  qw(sha1_hex sha256_hex sha512_hex);
use Encode       qw(encode decode);
use List::Util   qw(sum max reduce shuffle);
use Math::BigFloat;
use Math::BigInt;
use POSIX    qw(floor fmod strtod);
use Storable qw(freeze thaw);

my $state = 12345;

# A generator of our own, so that all machines draw alike.
sub draw { $state = ($state * 1103515245 + 12345) % 2147483648; return int($state / 65536) % $_[0]; }

my @said;
sub say_ { push @said, join( ' ', @_ ); return; }

sub must { my ( $ok, $what ) = @_; die "failed: $what\n" unless $ok; return; }

sub digests {
    must( md5_hex('abc') eq '900150983cd24fb0d6963f7d28e17f72',                         'MD5 of abc' );
    must( sha1_hex('abc') eq 'a9993e364706816aba3e25717850c26c9cd0d89d',                 'SHA-1 of abc' );
    must( sha256_hex('') eq 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', 'SHA-256 of nothing' );
    my $data = join '', map { chr draw(256) } 1 .. 5000;
    for my $n ( 0, 1, 55, 56, 63, 64, 119, 120, 1000, 5000 ) {
        my $part = substr $data, 0, $n;
        say_( md5_hex($part), sha1_hex($part), sha256_hex($part), sha512_hex($part) );
    }
}

sub numbers {
    for ( 1 .. 3000 ) {
        my ( $a, $b ) = ( draw(32768) - 16384, draw(1000) + 1 );
        my $x = $a / $b;
        must( "$x" == $x || abs( "$x" - $x ) <= abs($x) * 1e-14, "text of $x" );
        must( unpack( 'd>', pack( 'd>', $x ) ) == $x,            "pack of $x" );
        my $text = sprintf '%.17g', $x;
        must( $text == $x, "round trip of $text" );
        say_( $text, sprintf( '%e %a %d %x', $x, $x, $x, $a & 0xffff ), $a % $b, $a <=> $b, floor($x), fmod( $a, $b ) );
        say_( sprintf '%.15g %.15g %.15g %.15g', sin $x, cos $x, exp( $x / 1000 ), sqrt abs $x );
    }
    my $f = Math::BigInt->new(1);
    $f *= $_ for 1 .. 120;
    my $g = $f->copy->bdiv( Math::BigInt->new(2)->bpow(70) );
    say_( "$f", "$g", Math::BigInt->new(3)->bmodpow( '1234567890123456789', '1000000007' ) );
    say_( Math::BigFloat->new(2)->bsqrt(60), Math::BigFloat->bpi(80) );
}

sub strings {
    my @words = map {
        join '', map { chr( 97 + draw(26) ) } 0 .. draw(9)
    } 1 .. 4000;
    my %count;
    $count{ substr $_, 0, 2 }++ for @words;
    say_( map { "$_=$count{$_}" } sort keys %count );
    my @sorted = sort { length $a <=> length $b or $a cmp $b } @words;
    say_( md5_hex("@sorted") );
    my $text = join ' ', @words;
    for my $re ( qr/(\w)\1/, qr/\b[aeiou]\w*?t\b/, qr/(?<x>[a-m]{3})(?=n|o)/, qr/^(?:\w+\s){10}/, qr/z+|q[^u]/ ) {
        my $n = () = $text =~ /$re/g;
        ( my $copy = $text ) =~ s/$re/<$n>/g;
        say_( $n, md5_hex($copy) );
    }
    ( my $tr = $text ) =~ tr/a-y/b-z/;
    say_( md5_hex($tr), md5_hex( uc reverse $text ), index( $text, 'perl' ), ucfirst lc 'ABC' );
    my $wide = join '', map { chr( 0x100 + draw(0x2000) ) } 1 .. 2000;
    must( decode( 'UTF-8', encode( 'UTF-8', $wide ) ) eq $wide, 'UTF-8' );
    my $packed = Compress::Zlib::compress($text);
    must( Compress::Zlib::uncompress($packed) eq $text, 'zlib' );
    say_( length $packed, Compress::Zlib::crc32($text) );
}

sub structures {
    my $tree = { map { $_ => [ map { { n => $_, sq => $_ * $_ } } 0 .. $_ ] } 1 .. 60 };
    my $copy = thaw( freeze($tree) );
    must( sum( map { $_->{sq} } map { @$_ } values %$copy ) == sum( map { $_->{sq} } map { @$_ } values %$tree ), 'Storable' );
    my ( %primes, @sieve );
    for my $i ( 2 .. 20000 ) {
        next if $sieve[$i];
        $primes{$i} = 1;
        for ( my $j = $i * $i ; $j <= 20000 ; $j += $i ) { $sieve[$j] = 1; }
    }
    must( keys(%primes) == 2262, 'primes below 20000' );
    my $closure = do { my $n = 0; sub { return $n += shift } };
    $closure->($_) for 1 .. 1000;
    must( $closure->(0) == 500500, 'closure' );
    say_( scalar keys %primes, max( keys %primes ), reduce { $a ^ $b } keys %primes );
    my $out = `/bin/busybox expr 6 \\* 7`;
    must( $out == 42, 'a child process' );
}

for my $part (qw(digests numbers strings structures)) {
    @said = ();
    no strict 'refs';
    &$part();
    print "$part ", scalar @said, ' ', md5_hex( join "\n", @said ), "\n";
}
